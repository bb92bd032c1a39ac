#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// Sums and the like, over all and up to each invocation.
#include "subgroup.glsl"
void main() {
    BEGIN;
    int signed_value = int(value);
    float number = float(int(value & 255u) - 100);
    put(subgroupAdd(value));
    put(subgroupMul(value | 1u));
    put(subgroupMin(value));
    put(subgroupMax(value));
    put(subgroupAnd(value | 0xff00u));
    put(subgroupOr(value & 0xf0f0u));
    put(subgroupXor(value));
    put(subgroupMin(signed_value));
    put(subgroupMax(signed_value));
    put(subgroupAdd(number));
    put(subgroupMin(number));
    put(subgroupMax(number));
    put(subgroupInclusiveAdd(value));
    put(subgroupInclusiveMul(value | 1u));
    put(subgroupInclusiveMin(value));
    put(subgroupInclusiveMax(value));
    put(subgroupInclusiveXor(value));
    put(subgroupInclusiveAdd(number));
    put(subgroupExclusiveAdd(value));
    put(subgroupExclusiveMul(value | 1u));
    put(subgroupExclusiveMin(value));
    put(subgroupExclusiveMax(signed_value));
    put(subgroupExclusiveAnd(value));
    put(subgroupExclusiveOr(value));
    put(subgroupExclusiveAdd(number));
}
