#version 460
// A product of matrices by tiles in shared memory.
layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, binding = 0) readonly buffer A { float a[]; };
layout(std430, binding = 1) readonly buffer B { float b[]; };
layout(std430, binding = 2) writeonly buffer C { float c[]; };
layout(push_constant) uniform Size { uint n; };
shared float rows[16][16];
shared float columns[16][16];
void main() {
    uvec2 at = gl_GlobalInvocationID.xy, me = gl_LocalInvocationID.xy;
    float sum = 0.0;
    for (uint tile = 0u; tile < n; tile += 16u) {
        rows[me.y][me.x] = a[at.y * n + tile + me.x];
        columns[me.y][me.x] = b[(tile + me.y) * n + at.x];
        barrier();
        for (uint k = 0u; k < 16u; k++) sum += rows[me.y][k] * columns[k][me.x];
        barrier();
    }
    c[at.y * n + at.x] = sum;
}
