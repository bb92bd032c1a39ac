#version 460
// The four texels round a place, moved by offsets that no compiler knows.
layout(local_size_x = 32) in;
layout(binding = 0) uniform sampler2D image;
layout(std430, binding = 1) readonly buffer Places { vec4 places[]; };
layout(std430, binding = 2) readonly buffer Offsets { ivec2 offsets[]; };
layout(std430, binding = 3) writeonly buffer Colours { vec4 colours[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= places.length()) return;
    colours[i] = textureGatherOffset(image, places[i].xy, offsets[i], 1);
}
