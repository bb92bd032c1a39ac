#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_shuffle_relative : require
// Values of other invocations.
#include "subgroup.glsl"
void main() {
    BEGIN;
    uint lane = gl_SubgroupInvocationID, last = gl_SubgroupSize - 1u;
    put(subgroupShuffle(value, last - lane));
    put(subgroupShuffle(value, value & last));
    put(subgroupShuffleXor(value, 1u));
    put(subgroupShuffleXor(value, 5u & last));
    uint up = subgroupShuffleUp(value, 1u), up3 = subgroupShuffleUp(value, 3u);
    uint down = subgroupShuffleDown(value, 1u), down4 = subgroupShuffleDown(value, 4u);
    // What comes from outside the subgroup is left open.
    put(lane >= 1u ? up : 0u);
    put(lane >= 3u ? up3 : 0u);
    put(lane + 1u <= last ? down : 0u);
    put(lane + 4u <= last ? down4 : 0u);
    uvec3 all = subgroupShuffle(uvec3(value, value + 1u, lane), last - lane);
    put(all.x ^ all.y); put(all.z);
    put(subgroupShuffle(float(value & 0xfffu), lane ^ 2u));
}
