#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
// Truths of all invocations as bits.
#include "subgroup.glsl"
void main() {
    BEGIN;
    bool odd = (value & 1u) == 1u;
    uvec4 bits = subgroupBallot(odd);
    put(bits.x);
    put(bits.y | bits.z | bits.w);
    put(subgroupBallotBitCount(bits));
    put(subgroupBallotInclusiveBitCount(bits));
    put(subgroupBallotExclusiveBitCount(bits));
    put(subgroupInverseBallot(bits));
    put(subgroupBallotBitExtract(bits, (value >> 4) % gl_SubgroupSize));
    bits.x |= 4u;
    put(subgroupBallotFindLSB(bits));
    put(subgroupBallotFindMSB(bits));
    put(gl_SubgroupEqMask.x);
    put(gl_SubgroupLtMask.x);
    put(gl_SubgroupLeMask.x);
    // What is above the subgroup is left open.
    put(gl_SubgroupGtMask.x & (0xffffffffu >> (32u - gl_SubgroupSize)));
    put(gl_SubgroupGeMask.x & (0xffffffffu >> (32u - gl_SubgroupSize)));
}
