#version 460
// A list that all invocations put themselves at the head of, without locks.
layout(local_size_x = 32) in;
layout(std430, binding = 0) coherent buffer List { uint head; uint next[]; };
void main() {
    uint me = gl_GlobalInvocationID.x + 1u;
    uint seen = head;
    for (uint turns = 0u; turns < 100000u; turns++) {
        next[me - 1u] = seen;
        memoryBarrierBuffer();
        uint found = atomicCompSwap(head, seen, me);
        if (found == seen) break;
        seen = found;
    }
}
