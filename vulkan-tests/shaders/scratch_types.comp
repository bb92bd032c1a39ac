#version 460
#extension GL_GOOGLE_include_directive : require
// Vectors, structures and arrays of arrays of an invocation's own.
#define OPERANDS 2
#include "map.glsl"
struct Node { uint key; vec3 place; uvec2 children; };
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1);
    Node nodes[16];
    uint table[8][8];
    for (uint n = 0u; n < 16u; n++) {
        nodes[n].key = n * 7u ^ a;
        nodes[n].place = vec3(n, n + 1u, n + 2u);
        nodes[n].children = uvec2((n * 5u + b) & 15u, (n * 3u + a) & 15u);
    }
    for (uint n = 0u; n < 64u; n++) table[n >> 3][n & 7u] = n * b;
    uint at = a & 15u, keys = 0u;
    float way = 0.0;
    for (uint n = 0u; n < 12u; n++) {
        keys = keys * 3u + nodes[at].key;
        way += nodes[at].place[n % 3u];
        at = nodes[at].children[(b >> n) & 1u];
    }
    put(keys);
    put(way);
    put(at);
    put(table[a & 7u][b & 7u] + table[b & 7u][a >> 3 & 7u]);
}
