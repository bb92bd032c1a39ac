#version 460
// 256 numbers of each workgroup sorted, by Batcher's bitonic network.
layout(local_size_x = 128) in;
layout(std430, binding = 0) buffer Values { uint values[]; };
shared uint data[256];
void main() {
    uint i = gl_LocalInvocationIndex, first = gl_WorkGroupID.x * 256u;
    data[i] = values[first + i];
    data[i + 128u] = values[first + i + 128u];
    for (uint size = 2u; size <= 256u; size *= 2u)
        for (uint step_size = size / 2u; step_size > 0u; step_size /= 2u) {
            barrier();
            uint low = i / step_size * step_size * 2u + i % step_size;
            bool up = (low & size) == 0u;
            uint a = data[low], b = data[low + step_size];
            if ((a > b) == up) { data[low] = b; data[low + step_size] = a; }
        }
    barrier();
    values[first + i] = data[i];
    values[first + i + 128u] = data[i + 128u];
}
