#version 460
#extension GL_NV_compute_shader_derivatives : require
// What a sampler makes of the steps from one invocation of a square of four to the next.
layout(local_size_x = 8, local_size_y = 8) in;
layout(derivative_group_quadsNV) in;
layout(binding = 0) uniform sampler2D image;
layout(std430, binding = 1) writeonly buffer Results { vec4 results[]; };
layout(push_constant) uniform Step { vec2 right, down; };
void main() {
    uvec2 at = gl_GlobalInvocationID.xy;
    vec2 place = float(at.x) * right + float(at.y) * down;
    uint i = (at.y * 8u + at.x) * 2u;
    results[i] = texture(image, place);
    results[i + 1u] = vec4(textureQueryLod(image, place), 0.0, 0.0);
}
