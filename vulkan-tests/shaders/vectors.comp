#version 460
#extension GL_GOOGLE_include_directive : require
// Geometry on vectors.
#define OPERANDS 8
#include "map.glsl"
void put(vec3 v) { put(v.x); put(v.y); put(v.z); }
void main() {
    BEGIN;
    vec4 a = vec4(FLOAT(0), FLOAT(1), FLOAT(2), FLOAT(3));
    vec4 b = vec4(FLOAT(4), FLOAT(5), FLOAT(6), FLOAT(7));
    put(dot(a, b));
    put(dot(a.xy, b.zw));
    put(cross(a.xyz, b.yzw));
    put(length(a.xyz));
    put(distance(a.xy, b.xy));
    put(normalize(a.xyz));
    put(reflect(a.xyz, vec3(0, 1, 0)));
    put(faceforward(a.xyz, b.xyz, vec3(1, 0, 0)));
    put(a.wyx + b.xxz);
}
