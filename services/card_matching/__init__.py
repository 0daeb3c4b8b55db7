"""Room `card_matching`: 人社匹卡, number to card to financial function."""
