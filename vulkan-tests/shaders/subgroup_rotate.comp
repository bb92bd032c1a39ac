#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_rotate : require
// Values of invocations some places on, in a circle.
#include "subgroup.glsl"
void main() {
    BEGIN;
    put(subgroupRotate(value, 1u));
    put(subgroupRotate(value, 5u));
    put(subgroupClusteredRotate(value, 3u, 4u));
}
