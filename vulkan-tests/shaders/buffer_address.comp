#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
// Buffers by their addresses: a list from one to the next, and plain reads and writes.
layout(local_size_x = 32) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint words[]; };
layout(buffer_reference) buffer Node;
layout(buffer_reference, std430) buffer Node { Node next; uint value; uint pad; };
layout(push_constant) uniform Given { Words from; Words to; Node head; uint count; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    Node at = head;
    uint sum = 0u;
    for (uint n = 0u; n <= (i & 15u); n++) {
        sum = sum * 3u + at.value;
        at = at.next;
    }
    if (i < count) to.words[i] = from.words[count - 1u - i] + sum;
    atomicAdd(to.words[count], i);
}
