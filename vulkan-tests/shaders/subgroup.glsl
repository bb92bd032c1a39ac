// One invocation for each value: it says where in which subgroup it is, then puts its results.
#extension GL_KHR_shader_subgroup_basic : require
layout(local_size_x_id = 0) in;
layout(std430, set = 0, binding = 0) readonly buffer Values { uint values[]; };
layout(std430, set = 0, binding = 1) writeonly buffer Results { uint results[]; };
layout(push_constant) uniform Sizes { uint width; };
uint place;
void put(uint value) { results[place++] = value; }
void put(int value) { put(uint(value)); }
void put(bool value) { put(value ? 1u : 0u); }
void put(float value) { put(floatBitsToUint(value)); }
#define BEGIN \
    place = gl_GlobalInvocationID.x * width; \
    put(gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID); \
    put(gl_SubgroupInvocationID); \
    uint value = values[gl_GlobalInvocationID.x]
