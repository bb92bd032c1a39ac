#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_quad : require
// Values of the other three of four.
#include "subgroup.glsl"
void main() {
    BEGIN;
    put(subgroupQuadBroadcast(value, 0u));
    put(subgroupQuadBroadcast(value, 1u));
    put(subgroupQuadBroadcast(value, 2u));
    put(subgroupQuadBroadcast(value, 3u));
    put(subgroupQuadSwapHorizontal(value));
    put(subgroupQuadSwapVertical(value));
    put(subgroupQuadSwapDiagonal(value));
}
