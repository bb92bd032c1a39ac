#version 460
#extension GL_GOOGLE_include_directive : require
// What works on single bits.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    uint a = OPERAND(0), b = OPERAND(1);
    int offset = int(b & 31u), bits = int((b >> 8) % (33u - uint(offset)));
    put(bitCount(a));
    put(findLSB(a));
    put(findMSB(a));
    put(findMSB(int(a)));
    put(bitfieldReverse(a));
    put(bitfieldExtract(a, offset, bits));
    put(bitfieldExtract(int(a), offset, bits));
    put(bitfieldInsert(a, b, offset, bits));
    put(bitfieldExtract(a, 8, 8));
    put(bitfieldExtract(int(a), 16, 16));
    put(bitfieldInsert(a, b, 4, 9));
    put((a << 13) | (a >> 19));
    put((a & b) | (~a & 0x5a5a5a5au));
    put((a & 0xff00ff00u) >> 8 | (a & 0x00ff00ffu) << 8);
}
