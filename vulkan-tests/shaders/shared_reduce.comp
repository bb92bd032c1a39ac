#version 460
// The sum, the least and the largest of each workgroup's values, by halving.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint SIZE = 64;
layout(std430, binding = 0) readonly buffer Values { uint values[]; };
layout(std430, binding = 1) writeonly buffer Results { uvec4 results[]; };
shared uint sums[SIZE];
shared uint least[SIZE];
shared uint most[SIZE];
void main() {
    uint i = gl_LocalInvocationIndex;
    uint value = values[gl_GlobalInvocationID.x];
    sums[i] = least[i] = most[i] = value;
    barrier();
    for (uint half_size = SIZE / 2u; half_size > 0u; half_size /= 2u) {
        if (i < half_size) {
            sums[i] += sums[i + half_size];
            least[i] = min(least[i], least[i + half_size]);
            most[i] = max(most[i], most[i + half_size]);
        }
        barrier();
    }
    if (i == 0u) results[gl_WorkGroupID.x] = uvec4(sums[0], least[0], most[0], SIZE);
}
