/**
 * A guest with no system: a boot sector that prints an incrementing number on its serial port as 8 hex digits, nine times a second. The number is kept in RAM,
 * so it goes on after a checkpoint is restored, and starts from 1 when the machine is booted. Made by `as` and `ld -Ttext 0x7c00`; beside each instruction its bytes.
 */
const program = `
66 31 c0         |        xor eax, eax              ; one segment: everything is below 64 KiB
8e d8            |        mov ds, ax
8e c0            |        mov es, ax
8e d0            |        mov ss, ax
bc 00 7c         |        mov sp, 0x7c00
88 16 ff 04      |        mov [drive], dl           ; the BIOS says what it booted from
fc               |        cld
bf 00 05         |        mov di, sector
b9 00 02         |        mov cx, 512
f3 aa            |        rep stosb                 ; the counter starts from 0
fb               |        sti
f6 06 fd 7d 01   |        test byte ptr [flags], 1
74 07            |        jz count
ba 02 06         |        mov dx, 0x602             ; PM1a enable: without PWRBTN_EN, QEMU does not set PWRBTN_STS
b8 00 01         |        mov ax, 0x100
ef               |        out dx, ax
66 ff 06 00 05   | count: inc dword ptr [sector]
f6 06 fd 7d 02   |        test byte ptr [flags], 2
74 11            |        jz print
b8 01 03         |        mov ax, 0x301             ; write 1 sector,
bb 00 05         |        mov bx, sector
b9 02 00         |        mov cx, 2                 ; the second one of cylinder 0,
88 ee            |        mov dh, ch                ; head 0
8a 16 ff 04      |        mov dl, [drive]
cd 13            |        int 0x13
66 8b 1e 00 05   | print: mov ebx, [sector]
b9 08 00         |        mov cx, 8
66 c1 c3 04      | digit: rol ebx, 4
88 d8            |        mov al, bl
24 0f            |        and al, 15
3c 0a            |        cmp al, 10
1c 69            |        sbb al, 0x69
2f               |        das                       ; 0 to 15 has become a digit in ASCII
e8 30 00         |        call put
e2 ee            |        loop digit
b0 0a            |        mov al, 10
e8 29 00         |        call put
b9 02 00         |        mov cx, 2                 ; two ticks of the BIOS's clock are a ninth of a second
8b 1e 6c 04      | tick:  mov bx, [0x46c]
f6 06 fd 7d 01   | sleep: test byte ptr [flags], 1
74 10            |        jz rest
ba 00 06         |        mov dx, 0x600             ; PM1a status
ed               |        in ax, dx
f6 c4 01         |        test ah, 1                ; PWRBTN_STS
74 07            |        jz rest
ba 04 06         |        mov dx, 0x604             ; PM1a control
b8 00 20         |        mov ax, 0x2000            ; SLP_EN, and QEMU's SLP_TYP of soft-off, 0
ef               |        out dx, ax
f4               | rest:  hlt
3b 1e 6c 04      |        cmp bx, [0x46c]
74 e2            |        je sleep
e2 dc            |        loop tick
eb 9b            |        jmp count
88 c4            | put:   mov ah, al
ba fd 03         |        mov dx, 0x3fd             ; COM1's line status
ec               | busy:  in al, dx
a8 20            |        test al, 0x20
74 fb            |        jz busy
88 e0            |        mov al, ah
b2 f8            |        mov dl, 0xf8              ; COM1's data
ee               |        out dx, al
c3               |        ret
`;

/** The last two bytes of a boot sector are its mark; in the one before them, the program looks for what it shall do besides. */
const flags = 509;

export interface Habits {
    /** Powers off when ACPI's power button is pressed. Default: pays no attention. */
    obeys?: boolean;
    /** Writes the number into the second sector of the disk that it boots from before it prints it. Default: writes nothing. */
    writes?: boolean;
}

/** The 512 bytes. */
export function bootSector({ obeys = false, writes = false }: Habits): Buffer {
    const sector = Buffer.alloc(512);
    const bytes = program.split("\n").map((line) => line.split("|")[0]?.replaceAll(" ", "") ?? "");
    sector.write(bytes.join(""), "hex");
    sector[flags] = (obeys ? 1 : 0) | (writes ? 2 : 0);
    sector.writeUInt16LE(0xaa55, 510);
    return sector;
}
