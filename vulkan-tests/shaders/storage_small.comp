#version 460
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types : require
// Bytes and words in buffers, read and written one at a time.
layout(local_size_x = 32) in;
layout(std430, binding = 0) readonly buffer Bytes { uint8_t bytes[]; };
layout(std430, binding = 1) readonly buffer Words { int16_t words[]; };
layout(std430, binding = 2) writeonly buffer NewBytes { uint8_t new_bytes[]; };
layout(std430, binding = 3) writeonly buffer NewWords { uint16_t new_words[]; };
layout(std430, binding = 4) writeonly buffer Sums { int sums[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    new_bytes[i] = uint8_t(uint(bytes[i]) * 3u + 1u);
    new_words[i] = uint16_t(int(words[i]) - int(i));
    sums[i] = int(words[i]) * 1000 + int(bytes[i]);
}
