#version 460
// The same in shared memory, and a histogram.
layout(local_size_x = 128) in;
layout(std430, binding = 0) writeonly buffer Results { uint results[]; };
shared uint places[10];
shared int signed_places[2];
shared uint counts[32];
void main() {
    uint i = gl_LocalInvocationIndex, mixed = gl_GlobalInvocationID.x * 2654435761u;
    if (i < 10u) places[i] = i == 1u || i == 3u ? 0xffffffffu : 0u;
    if (i < 2u) signed_places[i] = 0;
    if (i < 32u) counts[i] = 0u;
    barrier();
    atomicAdd(places[0], mixed);
    atomicMin(places[1], mixed);
    atomicMax(places[2], mixed);
    atomicAnd(places[3], ~(1u << (i & 15u)));
    atomicOr(places[4], 1u << (mixed >> 27));
    atomicXor(places[5], mixed);
    atomicXor(places[6], atomicExchange(places[7], i + 1u) ^ (i + 1u));
    if (atomicCompSwap(places[8], 0u, i + 1u) == 0u) atomicAdd(places[9], 1u);
    atomicMin(signed_places[0], int(mixed));
    atomicMax(signed_places[1], int(mixed));
    atomicAdd(counts[mixed >> 27], 1u);
    barrier();
    uint at = gl_WorkGroupID.x * 44u;
    if (i < 10u) results[at + i] = places[i];
    if (i < 2u) results[at + 10u + i] = uint(signed_places[i]);
    if (i < 32u) results[at + 12u + i] = counts[i];
}
