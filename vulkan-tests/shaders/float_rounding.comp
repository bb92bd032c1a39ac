#version 460
#extension GL_GOOGLE_include_directive : require
// Floats made whole.
#define OPERANDS 1
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0), whole;
    put(floor(a));
    put(ceil(a));
    put(trunc(a));
    put(round(a));
    put(roundEven(a));
    put(fract(a));
    put(modf(a, whole));
    put(whole);
    put(floor(-a));
}
