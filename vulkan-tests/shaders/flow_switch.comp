#version 460
#extension GL_GOOGLE_include_directive : require
// Switches: with falling through, with a default in the middle, in a loop.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1), r = 0u;
    switch (a % 9u) {
    case 0u: r = 10u; break;
    case 1u: r = 20u;
    case 2u: r += 5u; break;
    default: r = 99u; break;
    case 4u:
    case 5u: r = b; break;
    case 7u: if ((b & 1u) == 0u) { r = 70u; break; } r = 71u; break;
    }
    put(r);
    uint state = a & 3u, turns = 0u;
    for (uint i = 0u; i < 20u; i++) {
        switch (state) {
        case 0u: state = (b >> i) & 3u; turns += 1u; break;
        case 1u: state = 2u; turns += 10u; continue;
        case 2u: state = 0u; turns += 100u; break;
        case 3u: turns += 1000u; state = (a >> i) & 1u; break;
        }
        if (turns > 5000u) break;
    }
    put(turns);
    put(state);
}
