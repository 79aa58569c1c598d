"""GRU and LSTM, trained as the AL-RNN is, with kernels of their own."""
