#version 460
// A small step of longer ways: each value times a number and one more.
layout(local_size_x = 64) in;
layout(std430, set = 0, binding = 0) buffer Values { uint values[]; };
layout(push_constant) uniform By { uint times; uint more; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < values.length()) values[i] = values[i] * times + more;
}
