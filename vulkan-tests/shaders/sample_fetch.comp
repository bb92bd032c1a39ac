#version 460
// Texels by their numbers, sizes of levels, and their count.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D image;
layout(std430, binding = 1) writeonly buffer Texels { float texels[]; };
layout(std430, binding = 2) writeonly buffer Sizes { ivec4 sizes[]; };
layout(push_constant) uniform Level { int level; uint first; };
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy), size = textureSize(image, level);
    if (at == ivec2(0)) sizes[level] = ivec4(size, textureQueryLevels(image), 0);
    if (any(greaterThanEqual(at, size))) return;
    texels[first + at.y * size.x + at.x] = texelFetch(image, at, level).x;
}
