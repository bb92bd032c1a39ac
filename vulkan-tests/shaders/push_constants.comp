#version 460
// As many push constants as every device has.
layout(local_size_x = 32) in;
layout(std430, binding = 0) writeonly buffer Results { uint results[]; };
layout(push_constant) uniform Given { uint words[28]; vec3 place; float last; };
void main() {
    uint i = gl_LocalInvocationIndex;
    uint word = i < 28u ? words[i] : floatBitsToUint(i < 31u ? place[i - 28u] : last);
    results[i] = word;
}
