#version 460
#extension GL_GOOGLE_include_directive : require
// Branches in branches, taken by some invocations and not by others.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1), r = 1u;
    if ((a & 1u) != 0u) {
        r = r * 3u + 1u;
        if ((a & 2u) != 0u) {
            r = r * 5u + b;
            if ((a & 4u) != 0u) r ^= 0x55u; else { r += 9u; if ((b & 1u) != 0u) r *= 7u; }
        } else if ((b & 2u) != 0u) {
            r = r * 11u + a;
        } else {
            r = r * 13u + b;
        }
    } else {
        if ((b & 4u) != 0u) { if ((b & 8u) != 0u) r += 100u; else r += 200u; }
        else r += 300u;
        r = r * 17u + a;
    }
    put(r);
    bool wild = (a > b && (a & 8u) != 0u) || ((b & 16u) != 0u && a != 0u);
    put(wild);
    put(wild ? ((a & 32u) != 0u ? a : b) : ((b & 32u) != 0u ? 5u : 6u));
}
