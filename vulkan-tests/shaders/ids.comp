#version 460
// What an invocation is told of itself.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
layout(std430, binding = 0) buffer Seen { uint seen[]; };
layout(std430, binding = 1) buffer Wrong { uint wrong; };
void main() {
    uvec3 id = gl_GlobalInvocationID;
    uvec3 size = gl_WorkGroupSize * gl_NumWorkGroups;
    bool good = id == gl_WorkGroupID * gl_WorkGroupSize + gl_LocalInvocationID;
    uvec3 at = gl_LocalInvocationID;
    good = good && gl_LocalInvocationIndex == (at.z * gl_WorkGroupSize.y + at.y) * gl_WorkGroupSize.x + at.x;
    good = good && all(lessThan(id, size));
    if (!good) atomicAdd(wrong, 1u);
    uint number = (id.z * size.y + id.y) * size.x + id.x;
    atomicAdd(seen[number], number + 1u);
}
