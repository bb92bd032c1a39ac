L0:
(W)     mov (8|M0)               r5.0<1>:ud    r0.0<1;1,0>:ud                  
(W)     or (1|M0)                cr0.0<1>:ud   cr0.0<0;1,0>:ud   0x4C0:uw              {@1}
(W)     mul (1|M0)               acc0.0<1>:d   r8.0<0;1,0>:d     r5.2<0;1,0>:uw   {Compacted,@1}
(W)     mach (1|M0)              r6.0<1>:d     r8.0<0;1,0>:d     r5.1<0;1,0>:d    {Compacted}
(W)     mul (1|M0)               acc0.0<1>:d   r8.1<0;1,0>:d     r5.12<0;1,0>:uw 
        add (16|M0)              r9.0<1>:d     r6.0<0;1,0>:d     r1.0<16;16,1>:uw {@2}
        add (16|M16)             r11.0<1>:d    r6.0<0;1,0>:d     r2.0<16;16,1>:uw
(W)     mach (1|M0)              r17.0<1>:d    r8.1<0;1,0>:d     r5.6<0;1,0>:d   
        add (16|M0)              r13.0<1>:d    r9.0<8;8,1>:d     r7.0<0;1,0>:d    {Compacted,@3}
        add (16|M16)             r15.0<1>:d    r11.0<8;8,1>:d    r7.0<0;1,0>:d    {Compacted,@3}
        add (16|M0)              r18.0<1>:d    r17.0<0;1,0>:d    r3.0<16;16,1>:uw {@3}
        add (16|M16)             r20.0<1>:d    r17.0<0;1,0>:d    r4.0<16;16,1>:uw
        mov (16|M0)              acc0.0<1>:f   r13.0<8;8,1>:d                   {@4}
        mov (16|M16)             r28.0<1>:f    r15.0<8;8,1>:d                   {Compacted,@4}
        add (16|M0)              r22.0<1>:d    r18.0<8;8,1>:d    r7.1<0;1,0>:d    {Compacted,@4}
        add (16|M16)             r24.0<1>:d    r20.0<8;8,1>:d    r7.1<0;1,0>:d    {Compacted,@4}
        add (16|M0)   (lt)f1.0   r30.0<1>:f    acc0.0<8;8,1>:f   0.5:f               {Compacted}
        add (16|M16)  (lt)f1.0   r32.0<1>:f    r28.0<8;8,1>:f    0.5:f               {@4}
        mov (16|M0)              acc0.0<1>:f   r22.0<8;8,1>:d                   {@4}
        mov (16|M16)             r36.0<1>:f    r24.0<8;8,1>:d                   {Compacted,@4}
(~f1.0) sel (16|M0)              r42.0<1>:f    r30.0<8;8,1>:f    -1.0:f               {@4}
        add (16|M0)   (lt)f0.0   r38.0<1>:f    acc0.0<8;8,1>:f   0.5:f               {Compacted}
(~f1.0) sel (16|M16)             r44.0<1>:f    r32.0<8;8,1>:f    -1.0:f               {@5}
        add (16|M16)  (lt)f0.0   r40.0<1>:f    r36.0<8;8,1>:f    0.5:f               {@4}
(W)     cmp (16|M0)   (eq)f1.0   null<1>:d     r8.3<0;1,0>:d     0:w              
(W)     cmp (16|M16)  (eq)f1.0   null<1>:d     r8.3<0;1,0>:d     0:w              
(~f0.0) sel (16|M0)              r46.0<1>:f    r38.0<8;8,1>:f    -1.0:f               {@5}
(~f0.0) sel (16|M16)             r48.0<1>:f    r40.0<8;8,1>:f    -1.0:f               {@4}
(f1.0)  mov (16|M0)              r42.0<1>:f    r30.0<8;8,1>:f                   {Compacted}
(f1.0)  mov (16|M16)             r44.0<1>:f    r32.0<8;8,1>:f                  
(f1.0)  mov (16|M0)              r46.0<1>:f    r38.0<8;8,1>:f                   {Compacted}
(f1.0)  mov (16|M16)             r48.0<1>:f    r40.0<8;8,1>:f                  
        send.smpl (16|M0)        r50      r42     r46     0x80            0x04858000           {@2,$0} // wr:2+2, rd:8; simd16 sample with lod forced to 0 using sampler index 0
        send.smpl (16|M16)       r58      r44     r48     0x80            0x04858000           {@1,$1} // wr:2+2, rd:8; simd16 sample with lod forced to 0 using sampler index 0
        mov (8|M0)               r66.0<1>:f    r22.0<8;8,1>:f                   {Compacted}
        mov (8|M8)               r71.0<1>:f    r23.0<8;8,1>:f                   {Compacted}
        mov (8|M16)              r76.0<1>:f    r24.0<8;8,1>:f                   {Compacted}
        mov (8|M24)              r81.0<1>:f    r25.0<8;8,1>:f                   {Compacted}
(W)     mov (8|M0)               r127.0<1>:f   r5.0<8;8,1>:f                    {Compacted}
        mov (8|M0)               r67.0<1>:f    r50.0<8;8,1>:f                   {Compacted,$0.dst}
        mov (8|M0)               r68.0<1>:f    r52.0<8;8,1>:f                   {Compacted}
        mov (8|M0)               r69.0<1>:f    r54.0<8;8,1>:f                   {Compacted}
        mov (8|M0)               r70.0<1>:f    r56.0<8;8,1>:f                   {Compacted}
        mov (8|M8)               r72.0<1>:f    r51.0<8;8,1>:f                   {Compacted}
        mov (8|M8)               r73.0<1>:f    r53.0<8;8,1>:f                   {Compacted}
        mov (8|M8)               r74.0<1>:f    r55.0<8;8,1>:f                   {Compacted}
        mov (8|M8)               r75.0<1>:f    r57.0<8;8,1>:f                   {Compacted}
        mov (8|M16)              r77.0<1>:f    r58.0<8;8,1>:f                   {Compacted,$1.dst}
        mov (8|M16)              r78.0<1>:f    r60.0<8;8,1>:f                   {Compacted}
        mov (8|M16)              r79.0<1>:f    r62.0<8;8,1>:f                   {Compacted}
        mov (8|M16)              r80.0<1>:f    r64.0<8;8,1>:f                   {Compacted}
        mov (8|M24)              r82.0<1>:f    r59.0<8;8,1>:f                   {Compacted}
        mov (8|M24)              r83.0<1>:f    r61.0<8;8,1>:f                   {Compacted}
        mov (8|M24)              r84.0<1>:f    r63.0<8;8,1>:f                   {Compacted}
        mov (8|M24)              r85.0<1>:f    r65.0<8;8,1>:f                   {Compacted}
        send.dc1 (8|M0)          null     r13     r66     0x140            0x02035001           {$2} // wr:1+5, rd:0; typed surface write with xyzw; u
        send.dc1 (8|M8)          null     r14     r71     0x140            0x02035001           {@7,$3} // wr:1+5, rd:0; typed surface write with xyzw; u
        send.dc1 (8|M16)         null     r15     r76     0x140            0x02035001           {@5,$4} // wr:1+5, rd:0; typed surface write with xyzw; u
        send.dc1 (8|M24)         null     r16     r81     0x140            0x02035001           {@1,$5} // wr:1+5, rd:0; typed surface write with xyzw; u
(W)     send.dc0 (8|M0)          r86      r5      null    0x0            0x0219E000           {$6} // wr:1h+0, rd:1; synchronized global fence flushing
(W)     mov (8|M0)               null<1>:ud    r86.0<8;8,1>:ud                  {$6.dst}
(W)     mov (16|M0)              acc0.0<1>:f   0.0:f                              
(W)     send.ts (1|M0)           null     r127    null    0x0            0x02000010           {EOT,@1} // wr:1+0, rd:0; end of thread
L744:
