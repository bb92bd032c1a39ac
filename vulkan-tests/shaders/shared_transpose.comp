#version 460
// A matrix turned, tile by tile; its sides are no multiples of a tile's.
layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, binding = 0) readonly buffer From { float from[]; };
layout(std430, binding = 1) writeonly buffer To { float to[]; };
layout(push_constant) uniform Size { uvec2 size; };
shared float tile[16][17];
void main() {
    uvec2 at = gl_GlobalInvocationID.xy;
    if (all(lessThan(at, size)))
        tile[gl_LocalInvocationID.y][gl_LocalInvocationID.x] = from[at.y * size.x + at.x];
    barrier();
    uvec2 there = gl_WorkGroupID.yx * 16u + gl_LocalInvocationID.xy;
    if (all(lessThan(there, size.yx)))
        to[there.y * size.y + there.x] = tile[gl_LocalInvocationID.x][gl_LocalInvocationID.y];
}
