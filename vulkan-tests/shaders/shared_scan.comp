#version 460
// Sums up to each value of a workgroup, by doubling distances.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint SIZE = 64;
layout(std430, binding = 0) buffer Values { uint values[]; };
shared uint sums[2][SIZE];
void main() {
    uint i = gl_LocalInvocationIndex, from = 0u;
    sums[0][i] = values[gl_GlobalInvocationID.x];
    barrier();
    for (uint distance = 1u; distance < SIZE; distance *= 2u) {
        uint sum = sums[from][i];
        if (i >= distance) sum += sums[from][i - distance];
        sums[1u - from][i] = sum;
        from = 1u - from;
        barrier();
    }
    values[gl_GlobalInvocationID.x] = sums[from][i];
}
