#version 460
// variant 1d: -DSAMPLER=sampler1D -DAT=at.x
// variant 2d: -DSAMPLER=sampler2D -DAT=at.xy
// variant 3d: -DSAMPLER=sampler3D -DAT=at.xyz
// variant 2d_array: -DSAMPLER=sampler2DArray -DAT=at.xyz
// variant cube: -DSAMPLER=samplerCube -DAT=at.xyz
// What a sampler gives at places out of a buffer, with the level in w.
layout(local_size_x = 32) in;
layout(binding = 0) uniform SAMPLER image;
layout(std430, binding = 1) readonly buffer Places { vec4 places[]; };
layout(std430, binding = 2) writeonly buffer Colours { vec4 colours[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= places.length()) return;
    vec4 at = places[i];
    colours[i] = textureLod(image, AT, at.w);
}
