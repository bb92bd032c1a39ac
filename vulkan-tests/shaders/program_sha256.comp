#version 460
// SHA-256 of messages of 16 words, one by each invocation; the padding is no part of it.
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Messages { uint messages[]; };
layout(std430, binding = 1) writeonly buffer Digests { uint digests[]; };
layout(std430, binding = 2) readonly buffer Constants { uint k[64]; };
uint turned(uint x, int by) { return x >> by | x << (32 - by); }
void main() {
    uint i = gl_GlobalInvocationID.x;
    uint w[64];
    for (int t = 0; t < 16; t++) w[t] = messages[i * 16u + t];
    for (int t = 16; t < 64; t++) {
        uint s0 = turned(w[t - 15], 7) ^ turned(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint s1 = turned(w[t - 2], 17) ^ turned(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint h[8] = uint[](0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u);
    uint v[8] = h;
    for (int t = 0; t < 64; t++) {
        uint s1 = turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25);
        uint chosen = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint t1 = v[7] + s1 + chosen + k[t] + w[t];
        uint s0 = turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22);
        uint most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        for (int n = 7; n > 0; n--) v[n] = v[n - 1];
        v[4] += t1;
        v[0] = t1 + s0 + most;
    }
    for (int n = 0; n < 8; n++) digests[i * 8u + n] = h[n] + v[n];
}
