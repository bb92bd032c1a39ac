#version 460
// Vectors and structures in buffers: each at an offset of std430's.
layout(local_size_x = 32) in;
struct Item { vec3 place; uint number; vec2 pair; float last; };
layout(std430, binding = 0) readonly buffer From { Item items[]; } from;
layout(std430, binding = 1) buffer To { vec4 sums[]; } to;
layout(std430, binding = 2) buffer Turned { Item items[]; } turned;
void main() {
    uint i = gl_GlobalInvocationID.x;
    Item item = from.items[i];
    to.sums[i] = vec4(item.place, item.last) + vec4(item.pair.yx, float(item.number), 1.0);
    item.place = item.place.zyx;
    item.number = ~item.number;
    turned.items[gl_NumWorkGroups.x * 32u - 1u - i] = item;
}
