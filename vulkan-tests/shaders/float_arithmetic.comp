#version 460
#extension GL_GOOGLE_include_directive : require
// Arithmetic on floats.
#define OPERANDS 3
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0), b = FLOAT(1), c = FLOAT(2);
    put(a + b);
    put(a - b);
    put(a * b);
    put(a / b);
    put(fma(a, b, c));
    put(-a);
    put(abs(a));
    put(sign(a));
    put(min(a, b));
    put(max(a, b));
    put(clamp(a, -2.0, 3.0));
    put(clamp(a, 0.0, 1.0));
    put(step(a, b));
    put(mix(a, b, c > 0.0));
    put(a < b);
    put(a <= b);
    put(a == b);
    put(a != b);
    put(a > b);
    put(a >= b);
    put(1.0 / a);
    put(a * 2.0);
    put(a * 0.1);
    put(-abs(b));
}
