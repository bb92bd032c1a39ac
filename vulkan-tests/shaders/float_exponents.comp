#version 460
#extension GL_GOOGLE_include_directive : require
// Exponents, logarithms, roots of a positive number a; b is any.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0), b = FLOAT(1);
    put(exp2(b));
    put(exp(b));
    put(log2(a));
    put(log(a));
    put(sqrt(a));
    put(inversesqrt(a));
    put(pow(a, b));
    put(sinh(b));
    put(cosh(b));
    put(tanh(b));
}
