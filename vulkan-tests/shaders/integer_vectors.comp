#version 460
#extension GL_GOOGLE_include_directive : require
// Vectors of integers and truths.
#define OPERANDS 8
#include "map.glsl"
void main() {
    BEGIN;
    uvec4 a = uvec4(OPERAND(0), OPERAND(1), OPERAND(2), OPERAND(3));
    uvec4 b = uvec4(OPERAND(4), OPERAND(5), OPERAND(6), OPERAND(7));
    uvec4 sum = a + b.wzyx, product = a * b;
    put(sum.x); put(sum.y); put(sum.z); put(sum.w);
    put(product.x ^ product.y ^ product.z ^ product.w);
    bvec4 less = lessThan(a, b);
    put(less.x); put(less.y); put(less.z); put(less.w);
    put(any(less)); put(all(less)); put(all(not(less)));
    uvec4 chosen = mix(a, b, less);
    put(chosen.x); put(chosen.y); put(chosen.z); put(chosen.w);
    // A component that is known only when it runs.
    put(a[OPERAND(4) & 3u]);
    uvec4 changed = a;
    changed[OPERAND(5) & 3u] = 77u;
    put(changed.x); put(changed.y); put(changed.z); put(changed.w);
    put(a == b); put(a.xy == a.xy);
}
