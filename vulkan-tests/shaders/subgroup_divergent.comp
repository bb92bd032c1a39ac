#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_vote : require
// The same where only some invocations are: the others do not count.
#include "subgroup.glsl"
void main() {
    BEGIN;
    if ((value & 3u) != 0u) {
        put(subgroupBallot(true).x);
        put(subgroupAdd(value));
        put(subgroupInclusiveAdd(value));
        put(subgroupMin(value));
        put(subgroupElect());
        put(subgroupBroadcastFirst(value));
        put(subgroupAll((value & 3u) != 0u));
        put(subgroupBallotBitCount(subgroupBallot((value & 4u) != 0u)));
    } else {
        put(subgroupBallot(true).x);
        put(subgroupAdd(value + 1u));
        put(subgroupExclusiveAdd(value));
        put(subgroupMax(value));
        put(subgroupElect());
        put(subgroupBroadcastFirst(value));
        put(subgroupAny((value & 3u) != 0u));
        put(subgroupXor(value));
    }
    // In a loop whose length differs.
    uint sum = 0u;
    for (uint n = 0u; n <= (value >> 8 & 7u); n++) sum += subgroupAdd(n + 1u);
    put(sum);
}
