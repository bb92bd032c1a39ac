#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
// What an invocation knows of its subgroup, and values of one for all.
#include "subgroup.glsl"
void main() {
    BEGIN;
    put(gl_SubgroupSize);
    put(gl_NumSubgroups * gl_SubgroupSize >= gl_WorkGroupSize.x);
    put(subgroupElect());
    put(subgroupBroadcast(value, 3u));
    put(subgroupBroadcast(value, 0u));
    put(subgroupBroadcastFirst(value + 7u));
    put(subgroupBroadcast(float(value & 0xffffu), 5u));
    subgroupBarrier();
}
