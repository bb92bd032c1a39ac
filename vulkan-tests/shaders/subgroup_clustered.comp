#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_clustered : require
// Sums and the like within parts of a subgroup.
#include "subgroup.glsl"
void main() {
    BEGIN;
    put(subgroupClusteredAdd(value, 2u));
    put(subgroupClusteredAdd(value, 4u));
    put(subgroupClusteredAdd(value, 8u));
    put(subgroupClusteredMin(value, 4u));
    put(subgroupClusteredMax(int(value), 8u));
    put(subgroupClusteredXor(value, 4u));
    put(subgroupClusteredOr(value, 2u));
    put(subgroupClusteredMul(value | 1u, 8u));
    put(subgroupClusteredAdd(float(value & 255u), 4u));
}
