#version 460
// Works out how many workgroups another dispatch shall have.
layout(local_size_x = 1) in;
layout(std430, binding = 0) buffer Sizes { uint sizes[]; };
layout(push_constant) uniform By { uint by; };
void main() {
    sizes[1] = sizes[0] / by + 1u;
    sizes[2] = 2u;
    sizes[3] = 3u;
}
