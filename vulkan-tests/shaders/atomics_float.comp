#version 460
#extension GL_EXT_shader_atomic_float : require
// variant add: -DADD
// variant exchange: -DEXCHANGE
// Floats: sums of whole numbers are exact in any order.
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Places { float places[4]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
#ifdef ADD
    atomicAdd(places[0], float(i & 15u));
    atomicAdd(places[1], -0.5);
#else
    float seen = atomicExchange(places[2], float(i + 1u));
    // Of all that were ever put there, each but the last was seen once.
    uint bits = floatBitsToUint(seen);
    atomicExchange(places[3], uintBitsToFloat(bits * 0u) + 2.0);
#endif
}
