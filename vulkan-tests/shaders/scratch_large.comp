#version 460
// An array of 4 KiB of each invocation's own, sorted in place.
layout(local_size_x = 32) in;
layout(std430, binding = 0) readonly buffer Seeds { uint seeds[]; };
layout(std430, binding = 1) writeonly buffer Results { uvec4 results[]; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    uint own[1024];
    uint state = seeds[i];
    for (uint n = 0u; n < 1024u; n++) {
        state = state * 1664525u + 1013904223u;
        own[n] = state;
    }
    // Every number goes to a place of its own, told by another.
    for (uint n = 1023u; n > 0u; n--) {
        uint at = (own[n] >> 7) % (n + 1u);
        uint kept = own[at];
        own[at] = own[n];
        own[n] = kept;
    }
    uint mixed = 0u;
    for (uint n = 0u; n < 1024u; n++) mixed = (mixed << 5 | mixed >> 27) ^ own[n];
    results[i] = uvec4(mixed, own[0], own[seeds[i] & 1023u], own[1023]);
}
