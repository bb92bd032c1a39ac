#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_vote : require
// Votes.
#include "subgroup.glsl"
void main() {
    BEGIN;
    put(subgroupAll((value & 7u) != 7u));
    put(subgroupAny((value & 31u) == 31u));
    put(subgroupAll(value >= 0u));
    put(subgroupAny(value != value));
    put(subgroupAllEqual(value));
    put(subgroupAllEqual(gl_SubgroupID));
    put(subgroupAllEqual(float(value & 1u)));
}
