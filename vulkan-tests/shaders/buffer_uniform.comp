#version 460
// A uniform buffer by the rules of std140, read at places known only when it runs.
layout(local_size_x = 8) in;
struct Part { vec3 way; float weight; mat2 turn; };
layout(std140, binding = 0) uniform Given {
    uint first;
    float list[4];
    uvec2 pair;
    Part parts[3];
    ivec3 triple;
    mat3 whole;
} given;
layout(std430, binding = 1) writeonly buffer Results { float results[]; };
void main() {
    uint i = gl_GlobalInvocationID.x, part = i % 3u;
    uint at = i * 8u;
    results[at] = float(given.first);
    results[at + 1u] = given.list[i & 3u];
    results[at + 2u] = float(given.pair[i & 1u]);
    results[at + 3u] = given.parts[part].way[(i + 1u) % 3u];
    results[at + 4u] = given.parts[part].weight;
    results[at + 5u] = given.parts[part].turn[i & 1u][(i >> 1) & 1u];
    results[at + 6u] = float(given.triple[part]);
    results[at + 7u] = given.whole[part][i % 2u];
}
