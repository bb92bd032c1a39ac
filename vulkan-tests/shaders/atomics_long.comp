#version 460
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_shader_atomic_int64 : require
// Atomic operations on 64 bits.
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Places { uint64_t places[8]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    uint64_t value = uint64_t(i) * 0x9e3779b97f4a7c15ul;
    atomicAdd(places[0], value);
    atomicMin(places[1], value);
    atomicMax(places[2], value);
    atomicAnd(places[3], ~(1ul << (i & 63u)));
    atomicOr(places[4], 1ul << (i & 63u));
    atomicXor(places[5], value);
    if (atomicCompSwap(places[6], 0ul, value | 1ul) == 0ul) atomicAdd(places[7], 1ul);
}
