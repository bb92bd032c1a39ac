#version 460
// Structures, vectors and matrices in shared memory, in a workgroup of three dimensions.
layout(local_size_x = 4, local_size_y = 3, local_size_z = 5) in;
struct Item { vec3 place; uint number; mat2 turn; ivec2 pair[2]; };
layout(std430, binding = 0) writeonly buffer Results { uint results[]; };
shared Item items[60];
shared bool flags[60];
void main() {
    uint i = gl_LocalInvocationIndex;
    uvec3 id = gl_LocalInvocationID;
    items[i].place = vec3(id);
    items[i].number = i;
    items[i].turn = mat2(id.x, id.y, id.z, i);
    items[i].pair[i & 1u] = ivec2(i, -int(i));
    items[i].pair[1u - (i & 1u)] = ivec2(7);
    flags[i] = (i % 3u) == 0u;
    barrier();
    Item other = items[59u - i];
    results[i * 6u] = uint(other.place.x) | uint(other.place.y) << 4 | uint(other.place.z) << 8;
    results[i * 6u + 1u] = other.number;
    results[i * 6u + 2u] = uint(other.turn[1][0] + other.turn[1][1] * 10.0);
    results[i * 6u + 3u] = uint(other.pair[1].x);
    results[i * 6u + 4u] = uint(other.pair[0].y);
    results[i * 6u + 5u] = flags[59u - i] ? 1u : 0u;
}
