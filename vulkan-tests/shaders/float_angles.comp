#version 460
#extension GL_GOOGLE_include_directive : require
// Functions of angles a from -pi to pi, and of numbers b from -1 to 1.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0), b = FLOAT(1);
    put(sin(a));
    put(cos(a));
    put(asin(b));
    put(acos(b));
    put(atan(b * 10.0));
    put(atan(a, b));
    put(radians(a));
    put(degrees(a));
}
