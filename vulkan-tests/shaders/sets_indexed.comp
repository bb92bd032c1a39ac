#version 460
#extension GL_EXT_nonuniform_qualifier : require
// An array of buffers at places that differ from one invocation to the next.
layout(local_size_x = 32) in;
layout(std430, set = 0, binding = 0) readonly buffer B { uint b[]; } many[8];
layout(std430, set = 0, binding = 1) writeonly buffer E { uint e[]; };
layout(push_constant) uniform Which { uint which; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    uint own = (i * 7u + which) & 7u;
    e[i] = many[nonuniformEXT(own)].b[i] * 16u + many[which & 7u].b[i];
}
