// Board definition of the Thecal bench probe: a second Raspberry Pi Pico that times the pump's edges.

#define MICROPY_HW_BOARD_NAME                   "Thecal bench probe"

// The whole program is in the image; what lies in flash beyond it is never looked at.
#include "thecal_flash_map.h"
#define MICROPY_HW_FLASH_STORAGE_BYTES          (PICO_FLASH_SIZE_BYTES - THECAL_STORAGE_AT)

// The host tells a probe from a pump by these strings, without writing anything to the port.
#define MICROPY_HW_USB_MANUFACTURER_STRING      "Thecal"
#define MICROPY_HW_USB_PRODUCT_FS_STRING        "Thecal bench probe"
#define MICROPY_HW_USB_CDC_INTERFACE_STRING     "Thecal probe"

// A host that holds the port open and does not read must not keep the probe from releasing its switches in time.
#define MICROPY_HW_USB_CDC_TX_TIMEOUT           (0)

// Room for a few of the largest replies.
#define CFG_TUD_CDC_TX_BUFSIZE                  (1024)
#define CFG_TUD_CDC_RX_BUFSIZE                  (512)
#define MICROPY_HW_STDIN_BUFFER_LEN             (1024)
