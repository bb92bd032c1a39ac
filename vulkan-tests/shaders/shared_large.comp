#version 460
// As much shared memory as the device has, every dword of it written by one invocation and read
// by another.
layout(local_size_x = 256) in;
layout(constant_id = 1) const uint WORDS = 4096;
layout(std430, binding = 0) writeonly buffer Results { uint results[]; };
shared uint data[WORDS];
void main() {
    uint i = gl_LocalInvocationIndex, seed = gl_WorkGroupID.x * 0x1234567u;
    for (uint n = i; n < WORDS; n += 256u) data[n] = n * 2654435761u ^ seed;
    barrier();
    uint sum = 0u;
    for (uint n = 0u; n < WORDS / 256u; n++) sum = sum * 31u + data[WORDS - 1u - i * (WORDS / 256u) - n];
    results[gl_WorkGroupID.x * 256u + i] = sum;
}
