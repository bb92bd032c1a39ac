#version 460
// Images and samplers that are bound apart.
layout(local_size_x = 16) in;
layout(binding = 0) uniform texture2D image;
layout(binding = 1) uniform sampler nearest;
layout(binding = 2) uniform sampler linear;
layout(std430, binding = 3) writeonly buffer Colours { vec4 colours[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    vec2 at = vec2((float(i) + 0.25) / 16.0, 0.5);
    colours[i * 2u] = textureLod(sampler2D(image, nearest), at, 0.0);
    colours[i * 2u + 1u] = textureLod(sampler2D(image, linear), at, 0.0);
}
