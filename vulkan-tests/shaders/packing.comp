#version 460
#extension GL_GOOGLE_include_directive : require
// Several numbers in a dword.
#define OPERANDS 4
#include "map.glsl"
void main() {
    BEGIN;
    vec4 v = vec4(FLOAT(0), FLOAT(1), FLOAT(2), FLOAT(3));
    uint bits = OPERAND(0) * 2654435761u ^ OPERAND(1);
    put(packHalf2x16(v.xy));
    put(packUnorm2x16(v.xy));
    put(packSnorm2x16(v.zw));
    put(packUnorm4x8(v));
    put(packSnorm4x8(v));
    vec2 half_floats = unpackHalf2x16(bits);
    put(half_floats.x); put(half_floats.y);
    vec2 unsigned_words = unpackUnorm2x16(bits);
    put(unsigned_words.x); put(unsigned_words.y);
    vec2 signed_words = unpackSnorm2x16(bits);
    put(signed_words.x); put(signed_words.y);
    vec4 unsigned_bytes = unpackUnorm4x8(bits);
    put(unsigned_bytes.x); put(unsigned_bytes.y); put(unsigned_bytes.z); put(unsigned_bytes.w);
    vec4 signed_bytes = unpackSnorm4x8(bits);
    put(signed_bytes.x); put(signed_bytes.y); put(signed_bytes.z); put(signed_bytes.w);
}
