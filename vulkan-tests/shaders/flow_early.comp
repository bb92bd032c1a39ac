#version 460
// Invocations that end early, whole workgroups and parts of them; the others go on.
layout(local_size_x = 48) in;
layout(std430, binding = 0) buffer Values { uint values[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (gl_WorkGroupID.x % 3u == 1u) return;
    values[i] = 1u;
    if ((i & 3u) == 2u) return;
    values[i] += 10u;
    for (uint n = 0u; n < 8u; n++) {
        if (n == (i & 15u)) return;
        values[i] += 100u;
    }
    values[i] += 10000u;
}
