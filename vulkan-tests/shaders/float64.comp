#version 460
#extension GL_GOOGLE_include_directive : require
// Floats of 64 bits, where there are any.
#define OPERANDS 4
#include "map.glsl"
void put(double value) { uvec2 halves = unpackDouble2x32(value); put(halves.x); put(halves.y); }
void main() {
    BEGIN;
    double a = packDouble2x32(uvec2(OPERAND(0), OPERAND(1)));
    double b = packDouble2x32(uvec2(OPERAND(2), OPERAND(3)));
    put(a + b);
    put(a - b);
    put(a * b);
    put(min(a, b));
    put(max(a, b));
    put(abs(a));
    put(-a);
    put(floor(a));
    put(trunc(a));
    put(a < b);
    put(a == b);
    put(double(float(OPERAND(2) & 0xffffffu)));
}
