#version 460
// Every atomic operation on a buffer, by many invocations on few places.
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Places { uint places[16]; };
layout(std430, binding = 1) buffer Signed { int signed_places[4]; };
layout(std430, binding = 2) writeonly buffer Tickets { uint tickets[]; };
void main() {
    uint i = gl_GlobalInvocationID.x, mixed = i * 2654435761u;
    tickets[i] = atomicAdd(places[0], 1u);
    atomicAdd(places[1], mixed);
    atomicMin(places[2], mixed);
    atomicMax(places[3], mixed);
    atomicAnd(places[4], ~(1u << (i & 31u)) | uint(i % 3u == 0u) << (i & 31u));
    atomicOr(places[5], 1u << (mixed >> 27));
    atomicXor(places[6], mixed);
    atomicAdd(places[7], -1u);
    if ((i & 1u) == 1u) atomicAdd(places[8], 3u);
    uint seen = atomicExchange(places[9], i + 1u);
    atomicXor(places[10], seen ^ (i + 1u));
    atomicMin(signed_places[0], int(mixed));
    atomicMax(signed_places[1], int(mixed));
    atomicAdd(signed_places[2], -int(i));
    // Only one finds the value it expects.
    if (atomicCompSwap(places[11], 0u, i + 1u) == 0u) atomicAdd(places[12], 1u);
    atomicAdd(places[13 + i % 3u], i);
}
