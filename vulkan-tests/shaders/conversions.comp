#version 460
#extension GL_GOOGLE_include_directive : require
// Between integers and floats.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    float a = FLOAT(0);
    uint b = OPERAND(1);
    put(abs(a) < 2147483000.0 ? int(a) : 0);
    put(a > -1.0 && a < 4294967000.0 ? uint(a) : 0u);
    put(float(b));
    put(float(int(b)));
    put(float(b & 0xffffu));
    put(bool(b));
    put(float(bool(b)));
    put(int(bool(a)));
    put(float(int(b << 24) >> 24));
    put(float((b >> 8) & 0xffu));
}
