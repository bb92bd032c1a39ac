#version 460
#extension GL_GOOGLE_include_directive : require
// Fractions and exponents.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0);
    int exponent;
    float fraction = frexp(a, exponent);
    put(fraction);
    put(exponent);
    put(ldexp(fraction, int(OPERAND(1) % 40u) - 20));
    put(ldexp(a, 1));
    put(mod(a, 3.0));
    put(smoothstep(-1.0, 4.0, a));
    put(mix(a, 8.0, 0.25));
}
